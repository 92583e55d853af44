"""The server: its routes, the page, the staff's pages."""
