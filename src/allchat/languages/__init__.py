"""Languages: everything that is particular to one, in a folder of its own; and which one a text is in."""
