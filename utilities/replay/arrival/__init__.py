"""What happens to a request on its way to the api, whichever adapter it comes by."""
