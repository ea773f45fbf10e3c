"""Who is who, pure: matching, clustering, survivorship, callers; no Spark, database or web."""
