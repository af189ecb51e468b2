// Links a whole library with nothing but the libraries that its layer may use: a symbol of a
// higher layer leaves the link undefined. That it links is the test.
int main() {}
