"""What no purpose keeps any more goes: whom and what it is, who is held back, where it is taken out, and the proof."""
