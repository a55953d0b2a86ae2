"""What the connector tells about itself, without telling about children."""
