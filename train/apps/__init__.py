"""The apps that a model is exported for, asked over HTTP: do they answer what the export has proven?"""
