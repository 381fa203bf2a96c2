"""What the data is: tables of rows cut into samples."""
