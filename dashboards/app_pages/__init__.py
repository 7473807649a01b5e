"""One file per page, run by Streamlit."""
