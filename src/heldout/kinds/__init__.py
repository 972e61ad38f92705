"""What each kind of data knows: tables, images and sounds."""
