"""The documented commands as processes, seen only through SQL, HTTP and exit codes."""
