"""From a question to ranked hits: the index, its vectors and its words."""
