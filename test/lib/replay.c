/* replay.c: runs a fuzz target over the files named on its command line, where there is no libFuzzer. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
	{
		FILE	   *f = fopen(argv[i], "rb");
		uint8_t    *data = malloc(1 << 20);
		size_t		size = f ? fread(data, 1, 1 << 20, f) : 0;

		LLVMFuzzerTestOneInput(data, size);
		if (f)
			fclose(f);
		free(data);
	}
	return 0;
}
