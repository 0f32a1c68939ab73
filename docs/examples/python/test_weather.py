import pytest
from weather import answer


@pytest.mark.cassette("weather")
def test_the_weather_in_two_cities():
    assert answer("What is the weather in Paris and Tokyo?").startswith("In Paris it is 21°")
