"""What happens around every request. All of it plain ASGI."""
