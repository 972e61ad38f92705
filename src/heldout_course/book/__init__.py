"""The course, one recipe a table or figure."""
