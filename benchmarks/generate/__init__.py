"""Makes channel files of invented French customers, of any size, with the truth about who is who."""
