"""Files to documents, blocks, sentences and passages."""
