"""CatalogueExampleGen: reads the item catalogue and writes the candidates with their features."""
