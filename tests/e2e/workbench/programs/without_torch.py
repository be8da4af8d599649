"""A program that has nothing to do with torch."""

numbers = [1, 2, 3]
print(sum(numbers))  # stop: summed
