"""From a request to the recorded answer; pure: no sockets, no files, no clock."""
