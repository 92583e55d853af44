"""Whether a message may be answered: emergencies, personal questions, other subjects, private details."""
