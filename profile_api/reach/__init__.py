"""Whether a person can be reached now, and how long that takes: for whoever serves, and for whoever asks for one."""
