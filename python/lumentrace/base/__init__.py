"""What everything stands on: files, checks, errors, lazy imports, mapped memory, the record of what ran."""
