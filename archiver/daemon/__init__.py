"""What launches crawls: the one-off command now, the timetable with it later."""
