"""What more than one suite uses: makers of files, servers, and ways to load and to compare."""
