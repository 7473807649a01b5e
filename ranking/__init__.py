"""What a rank is.

A rank is a pure function of a policy (a versioned file of figures), features handed in as data frames, and the moment
it is asked about. Nothing here opens a connection, reads a clock or draws a random number, so a published list can be
computed again from its inputs, bit for bit. The order of input rows and the number of threads make no difference:
every sum over rows is a sum of integers.

``policy`` reads and versions policy files, ``features`` states what the inputs must be, ``evidence`` weighs activity by
its age, ``signals`` turns evidence into comparable numbers, ``scoring`` adds them up, ``ranks`` orders the result and
``explanation`` says it in words.
"""
