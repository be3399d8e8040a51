"""What a request is, what is wrong with it, and how an answer is written: HTTP without a socket."""
