from hypothesis import settings

# A shared machine makes single examples slow at times; the limit of a whole test is pytest's.
settings.register_profile("sandbox", deadline=None)
settings.load_profile("sandbox")
