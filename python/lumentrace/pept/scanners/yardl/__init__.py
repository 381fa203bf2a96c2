"""Values that programs made by Yardl write: bytes, types, and the schema that says which follow each other.

Nothing that a file says about sizes is believed before there are as many bytes.
"""
