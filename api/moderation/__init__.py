"""What the platform decides against organizations: takedowns and holds, their reasons, and appeals."""
