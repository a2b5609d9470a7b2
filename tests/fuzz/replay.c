/* Replays a saved corpus, one base64 line per input, through a target that was built without libFuzzer. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
    FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
    if (!file) {
        fprintf(stderr, "usage: %s corpus/NAME.txt\n", argv[0]);
        return 2;
    }
    struct arena *arena = arena_create((size_t)16 << 20);
    char *line = NULL;
    size_t space = 0, inputs = 0;
    ssize_t length;
    while ((length = getline(&line, &space, file)) >= 0) {
        line[strcspn(line, "\n")] = '\0';
        size_t size;
        void *bytes = base64_decode(arena, line, &size);
        MUST(bytes);
        LLVMFuzzerTestOneInput(bytes, size);
        arena_reset(arena);
        inputs++;
    }
    free(line);
    fclose(file);
    arena_destroy(arena);
    MUST(inputs > 0);
    printf("%zu inputs\n", inputs);
    return 0;
}
