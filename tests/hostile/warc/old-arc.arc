filedesc://x.arc 0.0.0.0 20140301000000 text/plain 3
1 0 X
