"""Put classifiers on FPGA boards."""
