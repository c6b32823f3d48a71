// The rays of a dispatch.
@group(0) @binding(7) var<storage, read_write> rays: array<Ray>;
