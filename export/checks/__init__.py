"""The checks that an exported file must pass: of its weights, of its vocabulary and template, of what it answers."""
