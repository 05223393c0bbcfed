"""A newsletter service for people who follow arXiv."""

import zoneinfo

# The pinned tzdata package alone says what time it is where. By itself Python reads the machine's database
# first, which may be years old. Every process of the service imports this package before it knows a zone.
zoneinfo.reset_tzpath(to=())
zoneinfo.ZoneInfo.clear_cache()
