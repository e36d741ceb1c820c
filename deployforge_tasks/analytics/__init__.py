"""What is known about downloads: collecting, series, insights with their evidence, costs, charts and reports."""
