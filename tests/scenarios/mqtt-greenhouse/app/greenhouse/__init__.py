"""A daemon for greenhouses: what arrives by MQTT goes to plugins."""
