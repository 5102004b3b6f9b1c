"""What speaks to other people's machines, one make a file."""
