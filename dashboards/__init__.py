"""What sellers see: Streamlit pages over the typed readers of the marts."""
