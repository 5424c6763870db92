"""What several tests share: cases, servers, processes, and where files lie."""
