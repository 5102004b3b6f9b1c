"""What Perch brings along so that it runs with nothing installed: PostgreSQL, the queue, and their supervisor.

Nothing here may import Django at module level: the settings import this package to learn where the database is.
"""
