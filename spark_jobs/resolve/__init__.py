"""Identity resolution: which records are one person, with the evidence, and under which stable id."""
