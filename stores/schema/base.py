"""What all tables of the operational store share."""

from sqlalchemy import DateTime, MetaData

metadata = MetaData()
Instant = DateTime(timezone=True)
