"""Units and currencies as they are typed, by the names that CLDR calls them."""

#: One letter is a unit only where it touches its figure.
UNITS = {
    "km": "length-kilometer", "m": "length-meter", "cm": "length-centimeter",
    "mm": "length-millimeter", "mi": "length-mile", "kg": "mass-kilogram", "g": "mass-gram",
    "mg": "mass-milligram", "l": "volume-liter", "L": "volume-liter", "ml": "volume-milliliter",
    "mL": "volume-milliliter", "km/h": "speed-kilometer-per-hour", "kmh": "speed-kilometer-per-hour",
    "kph": "speed-kilometer-per-hour", "mph": "speed-mile-per-hour", "m/s": "speed-meter-per-second",
    "°C": "temperature-celsius", "°F": "temperature-fahrenheit", "ºC": "temperature-celsius", "ms": "duration-millisecond",
    "s": "duration-second", "sec": "duration-second", "min": "duration-minute",
    "h": "duration-hour", "KB": "digital-kilobyte", "kB": "digital-kilobyte",
    "MB": "digital-megabyte", "GB": "digital-gigabyte", "TB": "digital-terabyte",
    "Hz": "frequency-hertz", "kHz": "frequency-kilohertz", "MHz": "frequency-megahertz",
    "GHz": "frequency-gigahertz", "W": "power-watt", "kW": "power-kilowatt",
    "kWh": "energy-kilowatt-hour", "V": "electric-volt", "mA": "electric-milliampere",
    "ohm": "electric-ohm", "m²": "area-square-meter", "km²": "area-square-kilometer",
    "m2": "area-square-meter", "km2": "area-square-kilometer", "m³": "volume-cubic-meter",
    "m3": "volume-cubic-meter", "px": "graphics-pixel", "kcal": "energy-kilocalorie",
}  # fmt: skip
CURRENCIES = (
    "AUD BRL CAD CHF CNY DKK EUR GBP INR JPY KRW MXN MYR NOK PLN RUB SEK TRY USD UAH ILS SAR AED"
).split()
#: Signs of one currency everywhere. "kr" and "¥" are a language's own.
SIGNS = {
    "$": "USD", "us$": "USD", "€": "EUR", "£": "GBP", "₹": "INR", "₽": "RUB", "₩": "KRW",
    "₺": "TRY", "₴": "UAH", "₪": "ILS", "r$": "BRL", "¥": "JPY", "zł": "PLN",
}  # fmt: skip
