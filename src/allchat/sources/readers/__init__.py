"""Readers: files as hospitals have them (HTML, PDF, DOCX, Markdown, text) to text with its structure."""
