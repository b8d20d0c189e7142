"""What browsers get beside the admin: public pages, signing in, headers, health."""
