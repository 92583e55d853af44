"""The page that families use."""
