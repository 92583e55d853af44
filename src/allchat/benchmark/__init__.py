"""What answers cost: time and memory."""
