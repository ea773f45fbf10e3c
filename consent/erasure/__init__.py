"""Provable erasure: what to look for, where it is taken out, what keeps it out, and the certificate that says so."""
