"""Measures of kitchens in letters, and sizes of what is cooked: "2 c. flour", "1 lg egg"."""

import re

from bot.text.expressions import lazy_pattern
from bot.text.rule import rule

size = rule(
    r"(?:(?<=\d )|(?<=\ba )|(?<=whole )|(?<=\bone )|(?<=\btwo ))(sm|med|lg|lrg)(?:\.(?= [a-z])|"
    r"(?= (?:onions?|eggs?|carrots?|potato(?:es)?|apples?|"
    r"bell|shrimp|"
    r"tomato(?:es)?|cloves?|pot|pan|bowl|coffees?|fries|pizzas?|drinks?)\b))",
    lambda m: {"sm": "small", "med": "medium", "lg": "large", "lrg": "large"}[m[1]],
    ("a whole lg pizza", "a whole large pizza"),
    ("1 med. onion", "1 medium onion", "one medium onion"),
    needs=("sm", "med", "lg", "lrg"),
)
_INGREDIENTS = (
    "all|almonds?|each|AP|baking|balsamic|basil|bbq|beans|beef|berries|bread|breadcrumbs|broth|brown|butter|cheese|chicken|chili|chocolate|chopped|cinnamon|cocoa|"
    "coconut|coffee|cold|cooked|corn|cornstarch|cream|cumin|diced|fresh|flour|garlic|ginger|granulated|grated|ground|heavy|honey|hot|"
    "ice|juice|ketchup|kosher|lemon|lime|maple|mayo|melted|milk|minced|mustard|nuts|oats|oil|olive|onions?|oregano|packed|panko|parmesan|parsley|"
    "paprika|peanut|peas|pepper|powdered|rice|salt|shredded|sliced|sour|soy|stock|sugar|syrup|tomato|unsalted|"
    "vanilla|veg|vegetable|walnuts|veggie|vinegar|warm|water|white|whole|wine|yeast|yogurt|of"
)
_SPOONS = {"c": "cup", "C": "cup", "T": "tablespoon", "t": "teaspoon"}
_ONE_CUP: re.Pattern[str] = lazy_pattern(
    r"(?<![\d/.])(?<![\d/.] )1 ?$|(?<!\d )(?<!\d)\d/\d ?$|(?<!\d)(?<!\d )[½¼¾⅓⅔] ?$|^1 ?$|"
    r"(?<=[a-z,] )1 ?$"
)
spoons = rule(
    rf"(?:(?<=\d )|(?<=[½¼¾⅓⅔] )|(?<=[½¼¾⅓⅔]))([cCTt])\.? (?=(?:{_INGREDIENTS})\b)|(?<=\d)([cTt]) "
    rf"(?=(?:{_INGREDIENTS})\b)",
    lambda m: f"{_SPOONS[m[1] or m[2]]}{'' if _ONE_CUP.search(m.string, 0, m.start()) else 's'} ",
    ("1/3 c sugar", "1/3 cup sugar", "one third cup sugar"),
    ("2 T. olive oil", "2 tablespoons olive oil", "two tablespoons olive oil"),
    ("plan 2 c then", "plan 2 c then", "plan two c then"),
)
_RECIPE = lazy_pattern(
    r"\b(?:add|bake|boil|chop|cook|cream|cups?|jar|lbs?|mix|oven|oz|recipe|simmer|stir|tbsps?|"
    r"tsps?|whisk)\b",
    re.IGNORECASE,
)
cup_of_anything = rule(
    r"(?<=\d )c(?= [a-z]{3,}(?:,|$| [a-z]))",
    lambda m: "cup" if _ONE_CUP.search(m.string, 0, m.start()) else "cups",
    ("1 jar sauce, 1 c ricotta", "1 jar sauce, 1 cup ricotta", "one jar sauce, one cup ricotta"),
    ("a 5 c thing", "a 5 c thing", "a five c thing"),
    needs=(" c ",),
    about=_RECIPE.search,
)
medium = rule(
    r"(?<![\w'-])med(?=[ -](?:heat|high|hi|low|flame|rare|well|size|bowl|pan|pot|saucepan)\b)",
    lambda _: "medium",
    ("on med heat", "on medium heat"),
    ("a med-high flame", "a medium-high flame"),
    ("my med school", "my med school"),
    needs=("med",),
)
cups = rule(
    r"(?<=\d )c\.(?= [a-z])|(?<=[½¼¾⅓⅔] )c\.(?= [a-z])|(?<=[½¼¾⅓⅔])c\.(?= [a-z])",
    lambda m: (
        "cup" if re.search(r"(?<![\d /])1 $|/\d $|[½¼¾⅓⅔] ?$", m.string[: m.start()]) else "cups"
    ),
    ("2 c. flour", "2 cups flour", "two cups flour"),
    ("1/2 c. milk", "1/2 cup milk", "one half cup milk"),
    needs=("c.",),
)
_SPOONS_SHOUTED = {
    "TSP": "teaspoon", "TBSP": "tablespoon", "TSPS": "teaspoons", "TBSPS": "tablespoons",
}  # fmt: skip
shouted = rule(
    r"(?<!\d )(?<![\w'./-])(TB?SPS?)(?![\w'/-])"
    r"(?! (?:account|balance|contributions?|funds?|loan|match|withdrawal))",
    lambda m: _SPOONS_SHOUTED[m[1]],
    ("TSP not TBSP!!", "teaspoon not tablespoon!!", "teaspoon not tablespoon!"),
    ("my TSP balance", "my TSP balance", "my T S P balance"),
    needs=("tsp", "tbsp"),
)
packed = rule(
    r"\((\d{1,3}(?:\.\d{1,2})?)[ -]?(oz|lb|ml|kg|fl oz)\.?\)(?= (?:cans?|jars?|bags?|box(?:es)?|"
    r"bottles?|"
    r"blocks?|cartons?|containers?|packages?|packs?|packets?|pouch(?:es)?|sticks?|tins?|tubs?|"
    r"tubes?)\b)",
    lambda m: f"{m[1]}-{m[2]}",
    ("1 (14oz) can", "1 14-oz can", "one fourteen ounce can"),
    ("(2 oz) of it", "(2 oz) of it", "(two ounces) of it"),
    needs=("(",),
)
