"""The command line, the agreement of the witnesses, and the report."""
